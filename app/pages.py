"""The pages (placeholder until the page's author overwrites this file)."""

from fastapi import APIRouter

router = APIRouter()
