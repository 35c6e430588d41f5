"""Pages of this room: the number board and buying, tickets and receipts."""
