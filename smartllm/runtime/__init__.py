"""The runtime: sends what was compiled. aiohttp and the SDKs are extras and load on first use."""
