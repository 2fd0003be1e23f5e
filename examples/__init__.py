"""Examples of department systems; nothing of the provider imports from here but ``idp demo``, which starts them as processes."""
