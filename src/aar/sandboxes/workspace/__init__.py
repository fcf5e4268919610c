"""The workspace of one researcher, seen from outside; `inside.exec_daemon` is its other side."""
