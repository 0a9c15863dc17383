"""What mailstate costs, measured beside a floor or a peer: `make bench`."""
