"""Generated: the stubs of protos/pipertd/v1, written by ``make protos``. Nobody edits them."""
