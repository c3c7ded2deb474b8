"""An empty FastAPI app: what the time until the first answer is measured against."""

from fastapi import FastAPI

app = FastAPI()
