"""The demo of `make run`: an installation with invented data, and customers who write now and then."""
