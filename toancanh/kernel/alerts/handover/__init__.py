"""The handover book (*sổ giao ca*): what is open is handed over, both sign, nothing is changed afterwards."""
