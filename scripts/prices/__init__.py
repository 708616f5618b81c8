"""The price book: its file, the two public price sets, and what differs between them."""
