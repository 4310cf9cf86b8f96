"""Two chains: `store` for everything, `inbox` for the deliveries as they came."""
