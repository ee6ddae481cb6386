"""fastapi-users as its documentation sets it up: SQLAlchemy over SQLite, a bearer transport with JWTs.

Run by uvicorn: `uvicorn fastapi_service:app`. The database is the file in PEER_DATABASE.
"""
import os
import secrets
import uuid
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users_db_sqlalchemy import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

SECRET = "a key for the benchmark, no secret, long enough"
engine = create_async_engine("sqlite+aiosqlite:///" + os.environ["PEER_DATABASE"])
sessions = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    pass


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def get_manager():
    async with sessions() as session:
        yield UserManager(SQLAlchemyUserDatabase(session, User))


def strategy():
    return JWTStrategy(secret=SECRET, lifetime_seconds=3600)


backend = AuthenticationBackend(name="jwt", transport=BearerTransport(tokenUrl="login"), get_strategy=strategy)
users = FastAPIUsers[User, uuid.UUID](get_manager, [backend])


@asynccontextmanager
async def lifespan(_):
    async with engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        # One worker after the other: each would make the table.
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
        await connection.run_sync(lambda sync: Base.metadata.create_all(sync, checkfirst=True))
        # A page of users to list.
        for number in range(100):
            row = {"id": uuid.uuid5(uuid.NAMESPACE_DNS, str(number)), "email": f"una-{number}@example.org", "hashed_password": "!"}
            await connection.execute(insert(User).values(row).on_conflict_do_nothing())
        await connection.commit()
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend))
app.include_router(users.get_register_router(schemas.BaseUser[uuid.UUID], schemas.BaseUserCreate))


@app.get("/hello/{name}")
async def hello(name: str):
    return {"message": f"Hello, {name}!"}


@app.get("/protected")
async def protected(user: User = Depends(users.current_user(active=True))):
    return {"message": f"Hello, {user.email}. This is a protected route."}


@app.get("/protected-basic")
async def protected_basic(pair: HTTPBasicCredentials = Depends(HTTPBasic())):
    if not (secrets.compare_digest(pair.username, "admin") and secrets.compare_digest(pair.password, "secret123")):
        raise HTTPException(401)
    return {"message": f"Hello, {pair.username}!"}


@app.get("/users")
async def page(_: User = Depends(users.current_user(active=True)), manager: UserManager = Depends(get_manager)):
    # On the session that has read the caller: a second one would wait for a connection that the first ones hold.
    rows = await manager.user_db.session.execute(select(User.id, User.email).order_by(User.id).limit(100))
    return [{"id": str(number), "username": email, "role": "user"} for number, email in rows]
