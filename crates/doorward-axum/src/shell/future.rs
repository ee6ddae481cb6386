//! The future of an answer: panics and the deadline of the handler.

use std::any::Any;
use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::future::RouteFuture;
use http::Request;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower::Service;

use super::answer::Answer;
use crate::error::ApiError;

/// How long a client should wait after a handler ran out of time.
const RETRY_AFTER: Duration = Duration::from_secs(1);

pin_project! {
    /// The future of [`crate::App`]: never fails, and never panics on behalf of
    /// a handler.
    pub struct ResponseFuture {
        answer: Option<Answer>,
        #[pin]
        state: State,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State {
        Ready { response: Option<Response> },
        Routed {
            #[pin]
            future: RouteFuture<Infallible>,
            // Made when the handler first waits: most never do.
            deadline: Option<Pin<Box<Sleep>>>,
        },
    }
}

impl ResponseFuture {
    pub(super) fn ready(answer: Answer, response: Response) -> Self {
        let state = State::Ready {
            response: Some(response),
        };
        Self {
            answer: Some(answer),
            state,
        }
    }

    pub(super) fn routed(answer: Answer, mut router: Router, request: Request<Body>) -> Self {
        let called = answer
            .span
            .in_scope(|| catch_unwind(AssertUnwindSafe(|| router.call(request))));
        match called {
            Ok(future) => Self {
                answer: Some(answer),
                state: State::Routed {
                    future,
                    deadline: None,
                },
            },
            Err(panic) => {
                let response = panicked(&answer, panic.as_ref());
                Self::ready(answer, response)
            }
        }
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match (this.state.project(), this.answer.as_ref()) {
            (StateProjection::Ready { response }, _) => response.take(),
            (StateProjection::Routed { future, deadline }, Some(answer)) => {
                Some(ready!(poll_route(future, deadline, answer, cx)))
            }
            (StateProjection::Routed { .. }, None) => None,
        };
        match (this.answer.take(), response) {
            (Some(answer), Some(response)) => Poll::Ready(Ok(answer.finish(response))),
            // Only a caller that polls after the end comes here.
            _ => Poll::Ready(Ok(ApiError::internal().into_response())),
        }
    }
}

fn poll_route(
    future: Pin<&mut RouteFuture<Infallible>>,
    deadline: &mut Option<Pin<Box<Sleep>>>,
    answer: &Answer,
    cx: &mut Context<'_>,
) -> Poll<Response> {
    let polled = answer
        .span
        .in_scope(|| catch_unwind(AssertUnwindSafe(|| future.poll(cx))));
    match polled {
        Ok(Poll::Ready(Ok(response))) => return Poll::Ready(response),
        Ok(Poll::Pending) => {}
        Err(panic) => return Poll::Ready(panicked(answer, panic.as_ref())),
    }
    let time = answer.shell.limits.request_deadline;
    let deadline = deadline.get_or_insert_with(|| Box::pin(sleep(time)));
    ready!(deadline.as_mut().poll(cx));
    let late = ApiError::service_unavailable(RETRY_AFTER)
        .with_code("deadline_exceeded")
        .with_message("The request took too long");
    Poll::Ready(late.into_response())
}

/// The text of a panic goes to the log only: it may quote anything.
fn panicked(answer: &Answer, panic: &(dyn Any + Send)) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)");
    tracing::error!(
        request_id = answer.id.as_str(),
        panic = text,
        "handler panicked"
    );
    ApiError::internal()
        .with_source("handler panicked")
        .into_response()
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
