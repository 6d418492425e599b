//! Who the client is: the answers to what a server asks before it lets somebody in.

use bytes::BytesMut;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{self, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256};
use postgres_protocol::message::frontend;

use super::settings::ChannelBinding;

/// What libpq says when it has no password to give.
pub(super) const NO_PASSWORD: &str = "fe_sendauth: no password supplied";

/// What the client knows and how the server is reached.
pub(super) struct Client<'a> {
    pub(super) user: &'a str,
    pub(super) password: Option<&'a [u8]>,
    pub(super) channel_binding: ChannelBinding,
    pub(super) is_encrypted: bool,
    /// Whether what is sent stays on this machine.
    pub(super) is_local: bool,
    /// The hash of the server's certificate.
    pub(super) end_point: Option<Vec<u8>>,
}

/// A conversation that ends with the server's consent, or not.
pub(super) struct Authentication<'a> {
    client: Client<'a>,
    scram: Option<ScramSha256>,
    is_bound: bool,
    /// Whether the server has shown that it knows the password too.
    is_proved: bool,
    /// Whether a password was asked for.
    pub(super) wants_password: bool,
}

/// What to do after a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The server lets the client in.
    Done,
    /// Send this and wait for the next request.
    Answer(BytesMut),
}

impl<'a> Authentication<'a> {
    pub(super) fn new(client: Client<'a>) -> Self {
        Self { client, scram: None, is_bound: false, is_proved: false, wants_password: false }
    }

    /// Answers the body of a message of kind `R`.
    pub(super) fn answer(&mut self, body: &[u8]) -> Result<Step, String> {
        let Some((code, rest)) = body.split_first_chunk::<4>() else {
            return Err("expected authentication request from server, but received R".to_owned());
        };
        let code = u32::from_be_bytes(*code);
        self.check_binding(code)?;
        match code {
            0 if self.scram.is_some() && !self.is_proved => {
                Err("server let the client in before the SCRAM exchange was completed".to_owned())
            }
            0 => Ok(Step::Done),
            1 => Err("Kerberos 4 authentication not supported".to_owned()),
            2 => Err("Kerberos 5 authentication not supported".to_owned()),
            3 => self.cleartext(),
            4 => Err("Crypt authentication not supported".to_owned()),
            5 => self.md5(rest),
            7 | 8 => Err("GSSAPI authentication not supported".to_owned()),
            9 => Err("SSPI authentication not supported".to_owned()),
            10 => self.begin(rest),
            11 => self.proceed(rest),
            12 => self.finish(rest),
            _ => Err(format!("authentication method {code} not supported")),
        }
    }

    /// Where the exchange must be bound to the encryption, nothing else will do.
    fn check_binding(&self, code: u32) -> Result<(), String> {
        if self.client.channel_binding != ChannelBinding::Require {
            return Ok(());
        }
        match code {
            10..=12 => Ok(()),
            0 if self.is_bound && self.is_proved => Ok(()),
            0 => Err("channel binding required, but server authenticated client without channel binding".to_owned()),
            _ => Err("channel binding required but not supported by server's authentication request".to_owned()),
        }
    }

    fn password(&mut self) -> Result<&'a [u8], String> {
        self.wants_password = true;
        self.client.password.ok_or_else(|| NO_PASSWORD.to_owned())
    }

    fn cleartext(&mut self) -> Result<Step, String> {
        let password = self.password()?;
        if !self.client.is_encrypted && !self.client.is_local {
            return Err("server asked for the password in clear text over a connection that is not encrypted; \
                        it was not sent"
                .to_owned());
        }
        answer(|message| frontend::password_message(password, message))
    }

    fn md5(&mut self, body: &[u8]) -> Result<Step, String> {
        let password = self.password()?;
        let salt =
            <[u8; 4]>::try_from(body).map_err(|_| "fe_sendauth: error sending password authentication".to_owned())?;
        let hash = md5_hash(self.client.user.as_bytes(), password, salt);
        answer(|message| frontend::password_message(hash.as_bytes(), message))
    }

    /// Chooses among the mechanisms that the server offers.
    fn begin(&mut self, body: &[u8]) -> Result<Step, String> {
        let binding = self.client.channel_binding;
        if binding == ChannelBinding::Require && !self.client.is_encrypted {
            return Err("channel binding required, but SSL not in use".to_owned());
        }
        if self.scram.is_some() {
            return Err("duplicate SASL authentication request".to_owned());
        }
        let mechanisms = body.strip_suffix(b"\0\0").or_else(|| body.strip_suffix(b"\0")).ok_or_else(|| {
            "fe_sendauth: invalid authentication request from server: invalid list of authentication mechanisms"
                .to_owned()
        })?;
        let offers = |name: &str| mechanisms.split(|byte| *byte == 0).any(|offered| offered == name.as_bytes());
        let offers_plus = offers(SCRAM_SHA_256_PLUS);
        if offers_plus && !self.client.is_encrypted {
            return Err("server offered SCRAM-SHA-256-PLUS authentication over a non-SSL connection".to_owned());
        }
        let mechanism = if offers_plus && binding != ChannelBinding::Disable {
            SCRAM_SHA_256_PLUS
        } else if offers(SCRAM_SHA_256) {
            SCRAM_SHA_256
        } else {
            return Err("none of the server's SASL authentication mechanisms are supported".to_owned());
        };
        if binding == ChannelBinding::Require && mechanism != SCRAM_SHA_256_PLUS {
            return Err("channel binding is required, but server did not offer an authentication method that \
                        supports channel binding"
                .to_owned());
        }
        let password = self.password()?;
        let binding = if mechanism == SCRAM_SHA_256_PLUS {
            let end_point = self.client.end_point.clone();
            self.is_bound = true;
            sasl::ChannelBinding::tls_server_end_point(
                end_point.ok_or_else(|| "could not determine server certificate signature algorithm".to_owned())?,
            )
        } else if self.client.is_encrypted && binding != ChannelBinding::Disable {
            // The client could have and the server did not offer: the server will tell if it did.
            sasl::ChannelBinding::unrequested()
        } else {
            sasl::ChannelBinding::unsupported()
        };
        let scram = self.scram.insert(ScramSha256::new(password, binding));
        answer(|message| frontend::sasl_initial_response(mechanism, scram.message(), message))
    }

    fn scram(&mut self) -> Result<&mut ScramSha256, String> {
        // A machine that has done its work takes nothing more.
        self.scram.as_mut().filter(|_| !self.is_proved).ok_or_else(|| {
            "fe_sendauth: invalid authentication request from server: AUTH_REQ_SASL_CONT without AUTH_REQ_SASL"
                .to_owned()
        })
    }

    fn proceed(&mut self, body: &[u8]) -> Result<Step, String> {
        let scram = self.scram()?;
        scram.update(body).map_err(|error| format!("malformed SCRAM message ({error})"))?;
        answer(|message| frontend::sasl_response(scram.message(), message))
    }

    fn finish(&mut self, body: &[u8]) -> Result<Step, String> {
        self.scram()?.finish(body).map_err(|_| "incorrect server signature".to_owned())?;
        self.is_proved = true;
        Ok(Step::Answer(BytesMut::new()))
    }
}

fn answer(write: impl FnOnce(&mut BytesMut) -> std::io::Result<()>) -> Result<Step, String> {
    let mut message = BytesMut::new();
    // A NUL in a password cannot be said.
    write(&mut message).map_err(|_| "fe_sendauth: error sending password authentication".to_owned())?;
    Ok(Step::Answer(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(channel_binding: ChannelBinding) -> Client<'static> {
        let (user, password) = ("u", Some(&b"secret"[..]));
        Client { user, password, channel_binding, is_encrypted: false, is_local: false, end_point: None }
    }

    fn request(code: u32, body: &[u8]) -> Vec<u8> {
        [&code.to_be_bytes(), body].concat()
    }

    #[test]
    fn a_password_in_clear_text_stays_here_or_is_encrypted() {
        for (is_encrypted, is_local) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut authentication =
                Authentication::new(Client { is_encrypted, is_local, ..client(ChannelBinding::Prefer) });
            let answer = authentication.answer(&request(3, b""));
            assert_eq!(answer.is_ok(), is_encrypted || is_local, "{answer:?}");
            assert!(!answer.err().unwrap_or_default().contains("secret"));
        }
    }

    #[test]
    fn nobody_is_let_in_before_both_have_proved_that_they_know_the_password() {
        let scram = request(10, b"SCRAM-SHA-256\0\0");
        let mut authentication = Authentication::new(client(ChannelBinding::Prefer));
        assert!(authentication.answer(&scram).is_ok());
        let refused = "server let the client in before the SCRAM exchange was completed";
        assert_eq!(authentication.answer(&request(0, b"")), Err(refused.to_owned()));
        assert_eq!(authentication.answer(&scram), Err("duplicate SASL authentication request".to_owned()));
        assert!(authentication.answer(&request(12, b"v=AAAA")).is_err());
        assert!(authentication.answer(&request(11, b"r=x,s=AAAA,i=1")).is_err());
    }

    #[test]
    fn a_server_cannot_ask_for_endless_work() {
        let mut authentication = Authentication::new(client(ChannelBinding::Prefer));
        let Ok(Step::Answer(hello)) = authentication.answer(&request(10, b"SCRAM-SHA-256\0\0")) else {
            unreachable!("the client speaks first")
        };
        let hello = String::from_utf8_lossy(&hello).into_owned();
        let nonce = hello.split("r=").nth(1).unwrap_or_default();
        let first = format!("r={nonce}x,s=AAAA,i=4294967295");
        assert!(authentication.answer(&request(11, first.as_bytes())).is_err());
    }

    #[test]
    fn a_required_binding_admits_nothing_else() {
        for (body, words) in [
            (request(0, b""), "channel binding required, but server authenticated client without channel binding"),
            (request(3, b""), "channel binding required but not supported by server's authentication request"),
            (request(5, b"salt"), "channel binding required but not supported by server's authentication request"),
            (request(10, b"SCRAM-SHA-256\0\0"), "channel binding required, but SSL not in use"),
        ] {
            let mut authentication = Authentication::new(client(ChannelBinding::Require));
            assert_eq!(authentication.answer(&body), Err(words.to_owned()));
        }
        let encrypted = Client { is_encrypted: true, end_point: Some(vec![1]), ..client(ChannelBinding::Require) };
        let words = "channel binding is required, but server did not offer an authentication method that supports \
                     channel binding";
        let answer = Authentication::new(encrypted).answer(&request(10, b"SCRAM-SHA-256\0\0"));
        assert_eq!(answer, Err(words.to_owned()));
    }
}
