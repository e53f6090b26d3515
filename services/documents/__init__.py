"""The documents that are made from the contract: pages for people, AsyncAPI for programs."""
