"""What runs beside the worker and takes nothing in: starters of workflows, wakers, the stand-in worker."""
