"""What admins' tools ask of a site, as of the plugin manager (UPM) of a Connect host.

The calls are those of npm atlassian-connect-express 11.5.3 and PyPI pluploaderng 0.9.2.
"""
