"""A FastAPI service that lets doorward's users in."""

import os
from typing import Annotated

import jwt
import uvicorn
from doorward_tokens import Unavailable, Verifier
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

app = FastAPI()
tokens = Verifier(os.environ["DOORWARD_URL"], audience="notes")
bearer = HTTPBearer(auto_error=False)


def caller(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> dict:
    """The claims of the request's token."""
    challenge = {"WWW-Authenticate": "Bearer"}
    if given is None:
        raise HTTPException(401, "Authentication token is missing", challenge)
    try:
        return tokens.verify(given.credentials)
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "Invalid token", challenge) from error
    except Unavailable as error:
        raise HTTPException(503, "Service unavailable") from error


def editor(claims: Annotated[dict, Depends(caller)]) -> dict:
    """The same, of somebody who may write notes."""
    if "notes:write" not in claims.get("scope", "").split():
        raise HTTPException(403, "Only editors may do this")
    return claims


@app.get("/whoami")
def whoami(claims: Annotated[dict, Depends(caller)]) -> dict:
    return {"user": claims["username"], "role": claims["role"]}


@app.get("/edit")
def edit(_: Annotated[dict, Depends(editor)]) -> dict:
    return {"edited": True}


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["PORT"]))
