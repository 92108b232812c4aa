//! An app, ready to be called.

use actix_http::Request;
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse},
    test::init_service,
};
use tokio::runtime::Runtime;

pub fn start<T, B>(
    runtime: &Runtime,
    app: App<T>,
) -> impl Service<Request, Response = ServiceResponse<B>, Error = Error> + use<T, B>
where
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    runtime.block_on(init_service(app))
}
