"""How other hosts' APIs tell something: in camelCase."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Shape(BaseModel):
    """Anything that is told or asked so."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, frozen=True)
