//! Argon2id that reuses one buffer per thread. Allocating and freeing 19 MiB for every hash
//! fragments the heap, and the process would hold many times the memory in use.

use std::cell::RefCell;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::{
        CustomizedPasswordHasher, Error, Result,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};

/// From OWASP's password storage cheat sheet: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

thread_local! {
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

/// Hashes and verifies passwords as PHC strings, in the calling thread's buffer.
#[derive(Clone, Copy)]
pub(super) struct Argon2id;

impl Argon2id {
    /// Hashes a password with a random salt and the current parameters.
    pub(super) fn hash(self, password: &[u8]) -> Result<String> {
        let (salt, params) = (rand::random::<[u8; 16]>(), current_params()?);
        Ok(self.hash_password_with_params(password, &salt, params)?.to_string())
    }

    /// Whether a hash uses parameters at least as strong as the current ones.
    pub(super) fn is_current(self, hash: &PasswordHash) -> bool {
        hash.algorithm == Algorithm::Argon2id.ident()
            && hash.version == Some(Version::V0x13.into())
            && Params::try_from(hash)
                .is_ok_and(|params| params.m_cost() >= MEMORY_KIB && params.t_cost() >= PASSES)
    }
}

fn current_params() -> Result<Params> {
    Ok(Params::new(MEMORY_KIB, PASSES, LANES, None)?)
}

/// As in `argon2`, except for the buffer. Implementing this trait also provides `verify_password`.
impl CustomizedPasswordHasher<PasswordHash> for Argon2id {
    type Params = Params;

    fn hash_password_customized(
        &self,
        password: &[u8],
        salt: &[u8],
        algorithm: Option<&str>,
        version: Option<u32>,
        params: Params,
    ) -> Result<PasswordHash> {
        let algorithm = algorithm.map_or(Ok(Algorithm::Argon2id), Algorithm::try_from)?;
        let version = version.map_or(Ok(Version::V0x13), Version::try_from)?;
        let salt = Salt::new(salt)?;
        let mut bytes = [0; Output::MAX_LENGTH];
        let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
        let output = bytes.get_mut(..length).ok_or(Error::OutputSize)?;

        MEMORY.with_borrow_mut(|memory| {
            memory.resize(params.block_count(), Block::default());
            Argon2::new(algorithm, version, params.clone())
                .hash_password_into_with_memory(password, &salt, output, memory)
        })?;

        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(Output::new(output)?),
        })
    }
}

/// The size of this thread's buffer in blocks of 1 KiB: 0 before its first hash.
#[cfg(test)]
pub(super) fn allocated_blocks() -> usize {
    MEMORY.with_borrow(Vec::len)
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::{PasswordHasher, PasswordVerifier};

    use super::*;

    #[test]
    fn hashes_match_the_library_when_the_buffer_is_reused() {
        let library = Argon2::new(Algorithm::Argon2id, Version::V0x13, current_params().unwrap());
        for password in ["violet anvil", "forty marmots", ""] {
            let ours = PasswordHash::new(&Argon2id.hash(password.as_bytes()).unwrap()).unwrap();
            assert!(library.verify_password(password.as_bytes(), &ours).is_ok());
            let theirs: PasswordHash = library.hash_password(password.as_bytes()).unwrap();
            assert!(Argon2id.verify_password(password.as_bytes(), &theirs).is_ok());
            assert!(Argon2id.verify_password(b"another", &theirs).is_err());
            assert!(Argon2id.is_current(&theirs));
        }
        assert!(Argon2id.hash(b"x").unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }

    #[test]
    fn hashes_with_weaker_parameters_verify_but_are_not_current() {
        for (memory, passes) in [(MEMORY_KIB - 1, PASSES), (MEMORY_KIB, PASSES - 1), (1024, 1)] {
            let weak = Params::new(memory, passes, 1, None).unwrap();
            let old = Argon2id.hash_password_with_params(b"x", b"salt of 16 bytes", weak).unwrap();
            assert!(Argon2id.verify_password(b"x", &old).is_ok());
            assert!(!Argon2id.is_current(&old), "{memory} {passes}");
        }
    }
}
