"""Who needs which permission, and whether the templates give it.

What is needed comes from elsewhere than the templates: from the published schemas of the resource types
(`handlers.json`), from the deploy script, from the operations that the code calls. `iam.py` answers what IAM would.
"""
