//! appliance-store
