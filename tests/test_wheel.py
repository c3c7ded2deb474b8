"""The wheel, alone in an empty environment and inside a project with folders named like ours."""
