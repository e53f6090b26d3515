"""The rules for descriptors, each as the refusal that names it."""

from shared.errors import Refusal


class DescriptorNotJson(Refusal, hint="check it with any JSON tool"):
    """The descriptor isn't a JSON object: {reason}."""


class DescriptorMemberTwice(Refusal, hint="remove one of the two"):
    """The member {member} occurs twice in one object of the descriptor."""


class DescriptorKeyInvalid(Refusal, hint="use letters, digits, . - and _"):
    """The descriptor's key is no app key."""


class DescriptorKeyTooLong(Refusal, hint="choose a key of at most 64 characters"):
    """The descriptor's key has more than 64 characters."""


class DescriptorBaseUrlNoScheme(Refusal, hint="begin it with https://"):
    """The descriptor's baseUrl has no scheme."""


class DescriptorBaseUrlNoTls(Refusal, hint="serve the app over https"):
    """The descriptor's baseUrl isn't https."""


class DescriptorBaseUrlInvalid(Refusal, hint="give an absolute URL of at most 200 characters"):
    """The descriptor's baseUrl is no usable URL."""


class DescriptorAuthUnsupported(Refusal, hint='use {"type": "jwt"} or {"type": "none"}'):
    """The descriptor's authentication is neither jwt nor none."""


class DescriptorAuthNeedsInstalledHook(Refusal, hint="add lifecycle.installed"):
    """An app with authentication jwt needs the lifecycle hook installed."""


class DescriptorHookAbsolute(Refusal, hint="leave out what stands in baseUrl"):
    """The hook {hook} is no path relative to baseUrl."""


class DescriptorHookOtherHost(Refusal, hint="begin it with a slash, or end baseUrl with one"):
    """The hook {hook}, appended to baseUrl, leads to another host."""


class DescriptorTemplateLeft(Refusal, hint="fill the variables before publishing"):
    """A template variable is left in the descriptor's {path}."""


class DescriptorScopeUnknown(Refusal, hint="use scopes of Jira and Confluence"):
    """There is no scope {scope}."""


class DescriptorScopeMissing(Refusal, hint="add it to scopes, or one that includes it"):
    """The descriptor's {path} need the scope {scope}."""


class DescriptorInvalid(Refusal, hint="compare with the published schema"):
    """The descriptor is wrong at {path}: {reason}."""
