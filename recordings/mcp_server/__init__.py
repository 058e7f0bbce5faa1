"""The portal for agents, by the Model Context Protocol: tools that act as the user behind a token.

https://modelcontextprotocol.io/specification; `manage.py mcp` serves it over stdio, the live process at `/mcp`.
"""
