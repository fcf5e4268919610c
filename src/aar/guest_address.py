"""The usual address of a lab for guests; what it really was last, the lab notes (`aar.lab.address`)."""

PORT = 8421
USUAL = f"http://127.0.0.1:{PORT}"
