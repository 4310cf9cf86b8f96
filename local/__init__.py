"""Everything on one machine: starting it, showing it, examining it, letting its time pass."""
