"""The federated experiment: what a compressor's choice of coordinates does to accuracy, per joule."""
