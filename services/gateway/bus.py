"""The one connection by which the gateway asks the services."""

from typing import Annotated

from fastapi import Depends, Request

from shared.client import Client


def _client(request: Request) -> Client:
    client: Client = request.app.state.client
    return client


Bus = Annotated[Client, Depends(_client)]
"""A parameter of a route that asks."""
