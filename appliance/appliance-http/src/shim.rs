#![allow(missing_docs, dead_code, clippy::all)]
pub mod page { pub struct PageRequest { pub limit: u32, pub cursor: Option<String> } pub struct Page<T> { pub items: Vec<T>, pub next_cursor: Option<String> } }
pub mod access {
    use jiff::Timestamp; use super::audit::Actor;
    pub struct AccessService;
    #[derive(Clone)] pub struct User { pub id: String, pub username: String }
    pub struct OpenedSession { pub user: User, pub secret: String, pub expires_at: Timestamp }
    #[derive(Clone, Copy)] pub enum Via { Session, ApiKey }
    pub struct Principal { pub user: User, pub via: Via, pub expires_at: Option<Timestamp> }
    impl Principal { pub fn label(&self) -> String { loop{} } pub fn actor(&self, _: &str) -> Actor { loop{} } }
    pub enum Credential<'a> { Session(&'a str), ApiKey(&'a str) }
    #[derive(Debug, thiserror::Error)] #[error("x")] pub struct AccessError;
    pub struct ClaimState { pub claimed: bool, pub tries_left: u32, pub retry_after_seconds: Option<u64> }
    pub struct ApiKey; pub struct CreatedApiKey;
    type R<T> = Result<T, AccessError>;
    impl AccessService {
        pub fn claim_state(&self) -> R<ClaimState> { loop{} }
        pub fn claim(&self, _: &str, _: &str, _: &str, _: &str) -> R<OpenedSession> { loop{} }
        pub fn sign_in(&self, _: &str, _: &str, _: &str) -> R<OpenedSession> { loop{} }
        pub fn sign_out(&self, _: &str) -> R<()> { loop{} }
        pub fn authenticate(&self, _: Credential<'_>) -> R<Option<Principal>> { loop{} }
        pub fn list_api_keys(&self, _: &Principal) -> R<Vec<ApiKey>> { loop{} }
        pub fn create_api_key(&self, _: &Actor, _: &str, _: Option<u32>) -> R<CreatedApiKey> { loop{} }
        pub fn delete_api_key(&self, _: &Actor, _: &str) -> R<()> { loop{} }
    }
    impl From<AccessError> for crate::Problem { fn from(_: AccessError) -> Self { loop{} } }
    impl From<Via> for crate::dto::access::Via { fn from(_: Via) -> Self { loop{} } }
    impl From<User> for crate::dto::access::User { fn from(_: User) -> Self { loop{} } }
    impl From<ApiKey> for crate::dto::access::ApiKey { fn from(_: ApiKey) -> Self { loop{} } }
    impl From<CreatedApiKey> for crate::dto::access::CreatedApiKey { fn from(_: CreatedApiKey) -> Self { loop{} } }
}
pub mod audit {
    pub struct Actor; pub struct AuditEntry; pub struct ChainReport;
    #[derive(Debug, thiserror::Error)] #[error("x")] pub struct AuditError;
    pub trait AuditLog: Send + Sync { fn page(&self, r: super::page::PageRequest) -> Result<super::page::Page<AuditEntry>, AuditError>; fn verify(&self) -> Result<ChainReport, AuditError>; }
    impl From<AuditError> for crate::Problem { fn from(_: AuditError) -> Self { loop{} } }
    impl From<AuditEntry> for crate::dto::audit::AuditEntry { fn from(_: AuditEntry) -> Self { loop{} } }
    impl From<ChainReport> for crate::dto::audit::AuditVerification { fn from(_: ChainReport) -> Self { loop{} } }
}
pub mod keys {
    use hal_api::*; use super::audit::Actor; use super::page::*;
    pub enum SignatureEncoding { Der, Raw }
    pub enum SignInput { Message(Vec<u8>), Digest([u8; 32]) }
    pub struct SignCommand { pub key: KeyId, pub input: SignInput, pub scheme: Option<SignatureScheme>, pub encoding: Option<SignatureEncoding> }
    pub struct VerifyCommand { pub key: KeyId, pub input: SignInput, pub signature: Vec<u8>, pub scheme: Option<SignatureScheme>, pub encoding: Option<SignatureEncoding> }
    pub struct Signature { pub key: KeyId, pub scheme: SignatureScheme, pub encoding: Option<SignatureEncoding>, pub bytes: Vec<u8> }
    pub struct NewKey { pub algorithm: KeyAlgorithm, pub label: String, pub token: Option<String> }
    pub struct KeyRecord; pub struct TokenStatus;
    #[derive(Debug, thiserror::Error)] #[error("x")] pub struct KeyError;
    pub struct KeyService;
    pub trait Idempotency: Send + Sync {}
    type R<T> = Result<T, KeyError>;
    impl KeyService {
        pub fn create(&self, _: &Actor, _: NewKey) -> R<KeyRecord> { loop{} }
        pub fn list(&self, _: PageRequest, _: Option<&str>) -> R<Page<KeyRecord>> { loop{} }
        pub fn get(&self, _: &KeyId) -> R<KeyRecord> { loop{} }
        pub fn delete(&self, _: &Actor, _: &KeyId) -> R<()> { loop{} }
        pub fn sign(&self, _: &Actor, _: SignCommand) -> R<Signature> { loop{} }
        pub fn verify(&self, _: VerifyCommand) -> R<bool> { loop{} }
        pub fn tokens(&self) -> Vec<TokenStatus> { loop{} }
    }
    impl From<KeyError> for crate::Problem { fn from(_: KeyError) -> Self { loop{} } }
    impl From<KeyRecord> for crate::dto::keys::Key { fn from(_: KeyRecord) -> Self { loop{} } }
    impl From<TokenStatus> for crate::dto::tokens::Token { fn from(_: TokenStatus) -> Self { loop{} } }
}
