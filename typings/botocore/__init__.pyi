# The few names that we use of an untyped library; a name joins when code first needs it.
