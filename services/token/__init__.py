"""The token service owns the access tokens of each app: their number and their binding.

Commands: CreateToken, RemoveToken, ApplyToken.
Events: TokenCreated, TokenRemoved, TokenApplied; TokensFollowedListing and TokenCleared tell
what it learned from other services.
Queries: ListTokens.
"""
