"""Tasks with tools: a prompt, the tools of a world, and an agent loop that gives every provider the same chance."""
