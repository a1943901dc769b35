"""Words of the trade, shared by every package: values, facts, wishes. No behaviour of any part."""
