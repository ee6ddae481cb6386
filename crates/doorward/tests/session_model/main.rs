//! Sessions against a model: whatever is done in whatever order on two nodes over one database, each refresh, each list and
//! each access token is answered as a few lines of bookkeeping say.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

#[path = "../databases/mod.rs"]
mod databases;
mod step;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
    time::Duration,
};

use databases::Databases;
use doorward::{
    access::{AccessTokenPolicy, AccessTokens},
    authenticator::{Authenticator, LoggedIn, Parts, RefreshError, RegistrationRule, SessionError},
    authority::Authority,
    caller::{Caller, Client},
    clock::{Clock, Timestamp},
    password::{
        AcceptedForms, HashPool, HashPoolConfig, Password, PasswordHash, PasswordPolicy, Rehash,
    },
    random::OsRandom,
    role::Role,
    secret::Secret,
    session::{EndReason, LoginMethod, RefreshKeys, SessionId, SessionPolicy},
    store::{EndSessions, Store, UserChange},
    throttle::Throttle,
    token::Hs256Key,
    user::{User, UserId},
    username::Username,
};
use proptest::{
    collection::vec,
    test_runner::{Config, TestRunner},
};
use step::{Step, acts_on, step};

const TOKEN_TTL: Duration = Duration::from_hours(1);
const POLICY: SessionPolicy = SessionPolicy {
    lifetime: Duration::from_hours(6),
    idle: Duration::from_hours(2),
    grace: Duration::from_secs(10),
    max_per_user: 3,
};
const USERS: usize = 2;

/// A clock that a test moves.
#[derive(Debug, Default)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// What the model knows of a user.
#[derive(Debug)]
struct ModelUser {
    id: UserId,
    /// Raised by whatever makes access tokens void.
    epoch: u32,
    /// Raised by whatever ends all sessions.
    session_epoch: u32,
    disabled: bool,
    deleted: bool,
    admin: bool,
    /// As the last login read it, and both epochs then.
    read: Option<(User, u32, u32)>,
}

/// What the model knows of a session.
#[derive(Debug)]
struct ModelSession {
    id: SessionId,
    user: usize,
    /// Every refresh token, the newest last.
    refresh: Vec<String>,
    rotated_at: Timestamp,
    last_seen_at: Timestamp,
    idle_at: Timestamp,
    absolute_end: Timestamp,
    ended: bool,
}

/// What the model knows of an access token.
#[derive(Debug)]
struct ModelToken {
    text: String,
    session: usize,
    epoch: u32,
    expires_at: Timestamp,
}

/// How a refresh is answered.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Pair(String),
    Invalid,
    Reused,
}

struct World {
    stores: [Store; 2],
    nodes: [Authenticator; 2],
    clock: Arc<Hand>,
    users: Vec<ModelUser>,
    sessions: Vec<ModelSession>,
    tokens: Vec<ModelToken>,
}

fn node(store: &Store, clock: &Arc<Hand>) -> Authenticator {
    let secret = Secret::from_text("192b9bdd22ab9ed4d12e236c78afcb9a".to_owned());
    let mut access = AccessTokenPolicy::new("model");
    access.ttl = TOKEN_TTL;
    let pool = HashPoolConfig {
        threads: std::num::NonZeroUsize::MIN,
        ..HashPoolConfig::default()
    };
    Authenticator::new(Parts {
        store: store.clone(),
        hashes: HashPool::start(pool).unwrap(),
        accepted_forms: AcceptedForms::default(),
        rehash: Rehash::default(),
        password_policy: PasswordPolicy::default(),
        registration: RegistrationRule::Users,
        throttle: Throttle::new(store.clone(), None),
        failure_quantum: Duration::ZERO,
        tokens: AccessTokens::new(Hs256Key::new(&secret, None), access),
        sessions: POLICY,
        refresh_keys: RefreshKeys::new(&secret, &[]),
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random: Arc::new(OsRandom),
    })
    .unwrap()
}

impl World {
    async fn new(stores: &[Store; 2], hash: &PasswordHash) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let clock = Arc::new(Hand(AtomicI64::new(1_800_000_000_000)));
        let mut users = Vec::new();
        for _ in 0..USERS {
            let name = format!("user-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
            let name = Username::parse(&name).unwrap();
            let added = stores[0]
                .add_user(&name, hash, &Role::user(), clock.now())
                .await;
            users.push(ModelUser {
                id: added.unwrap().id,
                epoch: 0,
                session_epoch: 0,
                disabled: false,
                deleted: false,
                admin: false,
                read: None,
            });
        }
        Self {
            nodes: [node(&stores[0], &clock), node(&stores[1], &clock)],
            stores: stores.clone(),
            clock,
            users,
            sessions: Vec::new(),
            tokens: Vec::new(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn goes_on(&self, session: &ModelSession) -> bool {
        let user = &self.users[session.user];
        !session.ended
            && !user.deleted
            && !user.disabled
            && self.now() < session.absolute_end.min(session.idle_at)
    }

    fn remember_token(&mut self, session: usize, epoch: u32, logged_in: &LoggedIn) {
        assert_eq!(logged_in.session, self.sessions[session].id);
        self.tokens.push(ModelToken {
            text: logged_in.issued.token.as_str().to_owned(),
            session,
            epoch,
            expires_at: self.now().after(TOKEN_TTL),
        });
    }

    /// The session that a number means, if there is any.
    fn pick(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.sessions.len())
    }

    fn end_all_of(&mut self, user: usize) {
        self.users[user].epoch += 1;
        self.users[user].session_epoch += 1;
        for session in self.sessions.iter_mut().filter(|s| s.user == user) {
            session.ended = true;
        }
    }

    async fn log_in(&mut self, user: usize, node: usize) {
        let model = &self.users[user];
        if model.deleted || model.disabled {
            return;
        }
        let found = self.nodes[node].find_user(model.id).await.unwrap().unwrap();
        self.users[user].read = Some((found.0, model.epoch, model.session_epoch));
        self.begin(user, node).await;
    }

    /// A session for the user as read by the last login.
    async fn begin(&mut self, user: usize, node: usize) {
        let model = &self.users[user];
        let Some((read, epoch, session_epoch)) = model.read.clone().filter(|_| !model.deleted)
        else {
            return;
        };
        let begun = self.nodes[node]
            .begin_session(&read, LoginMethod::Password, &Client::default())
            .await;
        if (epoch, session_epoch) != (model.epoch, model.session_epoch) {
            assert!(matches!(begun, Err(SessionError::Outdated)), "{begun:?}");
            return;
        }
        let logged_in = begun.unwrap();
        let now = self.now();
        self.sessions.push(ModelSession {
            id: logged_in.session,
            user,
            refresh: vec![logged_in.refresh.expose().to_string()],
            rotated_at: now,
            last_seen_at: now,
            idle_at: now.after(POLICY.idle),
            absolute_end: now.after(POLICY.lifetime),
            ended: false,
        });
        self.remember_token(self.sessions.len() - 1, epoch, &logged_in);
        let mut going_on: Vec<_> = (0..self.sessions.len())
            .filter(|s| self.sessions[*s].user == user && self.goes_on(&self.sessions[*s]))
            .collect();
        going_on.sort_by_key(|s| {
            let session = &self.sessions[*s];
            (
                std::cmp::Reverse(session.last_seen_at),
                session.id.as_bytes().to_vec(),
            )
        });
        for beyond in going_on.into_iter().skip(POLICY.max_per_user as usize) {
            self.sessions[beyond].ended = true;
        }
    }

    /// What the model says that a refresh is answered, and what that changes; `new` is what a rotation gave.
    fn expect_refresh(&mut self, session: usize, generation: usize, new: Option<&str>) -> Answer {
        let now = self.now();
        let goes_on = self.goes_on(&self.sessions[session]);
        let model = &mut self.sessions[session];
        let newest = model.refresh.len() - 1;
        if !goes_on {
            Answer::Invalid
        } else if generation == newest {
            let new = new.expect("a pair").to_owned();
            assert!(!model.refresh.contains(&new), "a token came twice");
            model.refresh.push(new.clone());
            model.rotated_at = now;
            model.last_seen_at = now;
            model.idle_at = now.after(POLICY.idle);
            Answer::Pair(new)
        } else if generation + 1 == newest && now.since(model.rotated_at) <= POLICY.grace {
            Answer::Pair(model.refresh[newest].clone())
        } else {
            model.ended = true;
            Answer::Reused
        }
    }

    async fn refresh(&mut self, session: usize, back: usize, node: usize) {
        let generation = (self.sessions[session].refresh.len() - 1).saturating_sub(back);
        let presented = self.sessions[session].refresh[generation].clone();
        let answer = self.nodes[node]
            .refresh(&presented, &Client::default())
            .await;
        let given = answer
            .as_ref()
            .ok()
            .map(|logged_in| logged_in.refresh.expose().to_string());
        let expected = self.expect_refresh(session, generation, given.as_deref());
        let found = match (&answer, given) {
            (_, Some(text)) => Answer::Pair(text),
            (Err(RefreshError::Invalid), _) => Answer::Invalid,
            (Err(RefreshError::Reused), _) => Answer::Reused,
            (other, _) => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
        if let Ok(logged_in) = answer {
            let epoch = self.users[self.sessions[session].user].epoch;
            self.remember_token(session, epoch, &logged_in);
        }
    }

    async fn take(&mut self, step: Step) {
        let session = match step {
            Step::Refresh { session, .. }
            | Step::Forge { session, .. }
            | Step::LogOut { session, .. }
            | Step::LogOutByRefreshToken { session, .. }
            | Step::EndSomebodyElses { session, .. } => match self.pick(session) {
                Some(session) => session,
                None => return,
            },
            _ => 0,
        };
        let system = Caller::system();
        match step {
            Step::LogIn { user, node } => self.log_in(user, node).await,
            Step::LogInSlowly { user, node } => self.begin(user, node).await,
            Step::Refresh { back, node, .. } => self.refresh(session, back, node).await,
            Step::Forge { node, .. } => {
                let mut text = self.sessions[session].refresh[0].clone();
                text.truncate(text.len() - 8);
                text.push_str("AAAAAAAA");
                let answer = self.nodes[node].refresh(&text, &Client::default()).await;
                assert!(matches!(answer, Err(RefreshError::Invalid)), "{answer:?}");
            }
            Step::LogOut { node, .. } => {
                let model = &self.sessions[session];
                let user = self.users[model.user].id;
                let end = self.nodes[node].end_session(user, model.id, EndReason::Logout, &system);
                end.await.unwrap();
                self.sessions[session].ended = true;
            }
            Step::LogOutByRefreshToken { back, node, .. } => {
                let model = &self.sessions[session];
                let generation = (model.refresh.len() - 1).saturating_sub(back);
                let text = model.refresh[generation].clone();
                self.nodes[node]
                    .log_out_by_refresh_token(&text, &Client::default())
                    .await
                    .unwrap();
                let model = &mut self.sessions[session];
                model.ended |= generation + 2 >= model.refresh.len();
            }
            Step::LogOutEverywhere { user, node } => {
                let all = EndSessions::All(EndReason::Logout);
                let end = self.nodes[node].end_sessions(self.users[user].id, all, &system);
                end.await.unwrap();
                self.end_all_of(user);
            }
            Step::EndSomebodyElses { node, .. } => {
                let model = &self.sessions[session];
                let other = self.users[(model.user + 1) % USERS].id;
                let end = self.nodes[node].end_session(other, model.id, EndReason::Logout, &system);
                assert!(!end.await.unwrap(), "it was another's");
            }
            Step::ChangeRole { .. }
            | Step::Disable { .. }
            | Step::Enable { .. }
            | Step::Delete { .. } => self.administer(step).await,
            Step::Wait(duration) => {
                let ms = i64::try_from(duration.as_millis()).unwrap();
                self.clock.0.fetch_add(ms, Ordering::SeqCst);
            }
            Step::Purge { node } => self.nodes[node].purge_ended().await.unwrap(),
            Step::Restart { node: number } => {
                self.nodes[number] = node(&self.stores[number], &self.clock);
                self.nodes[number].follow_revocations().await;
            }
        }
    }

    /// What an administrator does to a user.
    async fn administer(&mut self, step: Step) {
        match step {
            Step::ChangeRole { user, node } => {
                let admin = !self.users[user].admin;
                let role = if admin { Role::admin() } else { Role::user() };
                let change = UserChange {
                    role: Some(role),
                    ..UserChange::default()
                };
                if self.change(user, node, change).await {
                    self.users[user].admin = admin;
                    self.users[user].epoch += 1;
                }
            }
            Step::Disable { user, node } => {
                let change = UserChange {
                    disabled: Some(true),
                    ..UserChange::default()
                };
                let was = self.users[user].disabled;
                if self.change(user, node, change).await && !was {
                    self.users[user].disabled = true;
                    self.end_all_of(user);
                }
            }
            Step::Enable { user, node } => {
                let change = UserChange {
                    disabled: Some(false),
                    ..UserChange::default()
                };
                if self.change(user, node, change).await {
                    self.users[user].disabled = false;
                }
            }
            Step::Delete { user, node } => {
                let removed = self.nodes[node]
                    .delete_user(
                        self.users[user].id,
                        &Authority::everything(Caller::system()),
                    )
                    .await;
                if removed.is_ok() {
                    self.users[user].deleted = true;
                    self.end_all_of(user);
                }
            }
            _ => {}
        }
    }

    /// Whether there was somebody to change, and not the last administrator.
    async fn change(&self, user: usize, node: usize, change: UserChange) -> bool {
        let id = self.users[user].id;
        self.nodes[node]
            .change_user(id, None, change, &Authority::everything(Caller::system()))
            .await
            .is_ok()
    }

    /// What `node` says of every access token is what the model says.
    fn check_tokens(&self, node: usize) {
        for token in &self.tokens {
            let session = &self.sessions[token.session];
            let user = &self.users[session.user];
            let counts = self.now() < token.expires_at
                && token.epoch >= user.epoch
                && !session.ended
                && !user.deleted;
            let verified = self.nodes[node].verify_token(&token.text);
            assert_eq!(
                verified.is_ok(),
                counts,
                "{verified:?} {token:?} {session:?} {user:?}"
            );
        }
    }

    async fn check(&self, acted: Option<usize>) {
        // Where it was done it holds at once.
        if let Some(node) = acted {
            self.check_tokens(node);
        }
        for node in &self.nodes {
            node.follow_revocations().await;
        }
        for node in 0..2 {
            self.check_tokens(node);
        }
        for (number, user) in self.users.iter().enumerate() {
            let listed = self.nodes[0].sessions_of(user.id).await.unwrap();
            let mut listed: Vec<String> = listed.iter().map(|s| s.id.to_string()).collect();
            let mut expected: Vec<String> = self
                .sessions
                .iter()
                .filter(|session| session.user == number && self.goes_on(session))
                .map(|session| session.id.to_string())
                .collect();
            listed.sort();
            expected.sort();
            assert_eq!(listed, expected);
        }
    }
}

#[test]
fn sessions_do_what_their_model_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let databases = runtime.block_on(Databases::fresh());
    let pool = HashPool::start(HashPoolConfig::default()).unwrap();
    let password = Password::parse("violet otter 42").unwrap();
    let hash = runtime.block_on(pool.hash(password)).unwrap();
    for stores in runtime.block_on(databases.pairs()) {
        // An administrator beside them, so that nobody is the last one.
        let root = Username::parse("root").unwrap();
        let now = Timestamp::from_seconds(1_800_000_000);
        runtime.block_on(async {
            stores[0]
                .add_user(&root, &hash, &Role::admin(), now)
                .await
                .unwrap();
        });
        let mut runner = TestRunner::new(Config {
            cases: 48,
            failure_persistence: None,
            ..Config::default()
        });
        let outcome = runner.run(&vec(step(), 1..50), |steps| {
            runtime.block_on(async {
                let mut world = World::new(&stores, &hash).await;
                for step in steps {
                    let acted = acts_on(&step);
                    world.take(step).await;
                    world.check(acted).await;
                }
            });
            Ok(())
        });
        outcome.unwrap_or_else(|why| panic!("{why}"));
    }
}
