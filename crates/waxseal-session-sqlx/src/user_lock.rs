//! The advisory lock of a user's sessions on PostgreSQL.

use sha2::{Digest, Sha256};

/// The key of a user's advisory lock.
pub(crate) fn user_lock(user_id: &str) -> i64 {
    let digest = Sha256::new().chain_update("waxseal session ").chain_update(user_id).finalize();
    let (first, _) = digest.split_at(8);
    first.iter().fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_key_is_the_first_8_bytes_of_a_hash() {
        let digest = Sha256::digest("waxseal session ann");
        assert_eq!(user_lock("ann").to_be_bytes()[..], digest[..8]);
        assert_ne!(user_lock("ann"), user_lock("bob"));
    }
}
