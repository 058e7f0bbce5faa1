"""Every way in is the same three calls: start a recording, append bytes to staging, finish."""
