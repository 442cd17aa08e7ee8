//! `poll.auth`: how we prove to a vendor who we are.

mod grants;
mod sign;

pub use grants::{
    AssertionAlgorithm, Auth, BaseUrl, ClientAuth, ClientCredentials, Expires, GithubApp,
    GoogleServiceAccount, JwtBearer, Login, NamedValue, PasswordGrant, RefreshToken, SendToken,
    Session, SessionToken, TokenAnswer, TokenBody, UserPassword,
};
pub use sign::{Sign, SignDuo, SignEdgegrid, SignHash, SignHmac, SignSigv4};
