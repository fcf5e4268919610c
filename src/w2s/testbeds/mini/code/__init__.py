"""The code domain: tiny programs, what they print, what a misreading makes of them, and claims about it."""
