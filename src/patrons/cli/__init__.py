"""The `patrons` command.

main     the command line and the commands on data
scoring  scoring and releases
keys     API keys
parts    what they share
"""
