"""The lab for clients of the Model Context Protocol (MCP): the researchers' tools over the lab's own interface."""
