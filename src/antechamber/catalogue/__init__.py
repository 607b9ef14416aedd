"""Facts about models as data: ids, aliases, windows, prices, capabilities, lifecycle, refusals."""
