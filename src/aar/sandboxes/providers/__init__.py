"""Providers: bubblewrap, sandlock and Docker put up the wall from outside."""
