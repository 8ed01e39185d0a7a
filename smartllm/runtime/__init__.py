"""The runtime: sends what was compiled. Provider SDKs are extras and load on first use."""
