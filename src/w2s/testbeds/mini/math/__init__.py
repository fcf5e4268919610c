"""The math domain: sums, differences and products, what is believed of them, and whether an answer is right."""
