"""The narrow Protocols that adapters implement, declared for those who use them. May import model and below."""
