"""Words for scripts about bets."""
