"""App descriptors (`atlassian-connect.json`): what they say, and the rules for them.

Source of the rules: the published schema (npm atlassian-connect-express 7.4.0,
test/jira-global-schema.json), and the cloud's own limits where they are narrower.
"""

from shared.descriptor.facts import Descriptor
from shared.descriptor.problems import MAX_DEPTH, Problem

__all__ = ["MAX_DEPTH", "Descriptor", "Problem"]
