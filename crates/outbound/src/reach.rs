//! What may be reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::{Host, Url};

/// What may be reached: the public internet, and the networks that the operator allows beside it.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    allowed: Vec<IpNet>,
}

impl Reach {
    /// The public internet and these networks. Over plain HTTP nothing is reached but allowed loopback addresses.
    pub const fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// The URL of an issuer that this text is: as [`Reach::document`], and without a query (OpenID Connect Discovery 1.0
    /// section 3).
    ///
    /// # Errors
    /// What was expected.
    pub fn check(&self, text: &str) -> Result<Url, &'static str> {
        let url = self.document(text)?;
        match url.query() {
            None => Ok(url),
            Some(_) => Err("a URL without query and fragment"),
        }
    }

    /// The URL that this text is, if it may be asked for; what was expected, if not. A name is not looked up here: the
    /// address that it stands for is looked at when it is connected to ([`Reach::allows`]).
    ///
    /// # Errors
    /// What was expected.
    pub fn document(&self, text: &str) -> Result<Url, &'static str> {
        let url =
            Url::parse(text).map_err(|_| "an absolute URL such as `https://id.example.org`")?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("a URL without user name and password");
        }
        if url.fragment().is_some() {
            return Err("a URL without fragment");
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err("a URL with a host"),
        };
        if literal.is_some_and(|address| !self.allows(address)) {
            return Err(
                "a URL of the public internet: its host is an address that is not reached from here",
            );
        }
        match url.scheme() {
            "https" => Ok(url),
            "http" if literal.is_some_and(|address| address.is_loopback()) => Ok(url),
            _ => Err("a URL that begins with `https://`"),
        }
    }

    /// Whether this address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        let plain = canonical(address);
        self.allowed
            .iter()
            .any(|network| network.contains(&address) || network.contains(&plain))
            || match plain {
                IpAddr::V4(address) => is_public_v4(address),
                IpAddr::V6(address) => is_public_v6(address),
            }
    }
}

/// The address behind the ways of writing an IPv4 address as an IPv6 one: mapped, translated (NAT64), 6to4.
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else {
        return address;
    };
    let [a, b, c, d, e, f, g, h] = six.segments();
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match [a, b, c, d, e, f] {
        // Deprecated "compatible" addresses; `::` and `::1` are what they are.
        [0, 0, 0, 0, 0, 0] if g != 0 => four(g, h),
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => {
            four(g, h)
        }
        [0x2002, high, low, _, _, _] => four(high, low),
        _ => address,
    }
}

/// RFC 6890 and its updates: what is not there for everybody.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Only what is handed out for the internet, 2000::/3, without what of it is for other uses.
    (0x2000..0x4000).contains(&a) && !(a == 0x2001 && (b < 0x200 || b == 0xdb8)) && a != 0x3fff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abuse_26_addresses_that_are_not_of_the_internet_are_not_reached() {
        let reach = Reach::default();
        for text in [
            "127.0.0.1",
            "127.255.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "3fff::1",
        ] {
            assert!(!reach.allows(text.parse().expect("an address")), "{text}");
        }
        for text in [
            "1.1.1.1",
            "93.184.216.34",
            "2606:4700:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert!(reach.allows(text.parse().expect("an address")), "{text}");
        }
    }

    #[test]
    fn abuse_26_a_url_of_such_an_address_is_refused_however_it_is_written() {
        let reach = Reach::default();
        for text in [
            "https://127.0.0.1",
            "https://127.1/",
            "https://0x7f.1",
            "https://2130706433/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://10.0.0.8:8443/",
            "http://id.example.org",
            "http://127.0.0.1",
            "http://1.1.1.1/",
            "ftp://id.example.org",
            "file:///etc/passwd",
            "https://",
            "id.example.org",
            "https://me@id.example.org",
            "https://id.example.org/?a=b",
            "https://id.example.org/#a",
            "https://\u{ff11}27.0.0.1/",
            "",
        ] {
            assert!(reach.check(text).is_err(), "{text}");
        }
        for text in [
            "https://id.example.org",
            "https://id.example.org/realms/one",
            "https://1.1.1.1:8443/x",
        ] {
            assert!(reach.check(text).is_ok(), "{text}");
        }
        // Where keys are, the issuer says; some say it with a query.
        let keys = "https://id.example.org/keys?p=policy";
        assert!(reach.check(keys).is_err() && reach.document(keys).is_ok());
        assert!(reach.document("https://id.example.org/keys#a").is_err());
    }

    #[test]
    fn what_the_operator_allows_is_reached_and_plain_only_on_the_loopback() {
        let networks = ["127.0.0.1/32", "10.1.0.0/16"].map(|text| text.parse().expect("a network"));
        let reach = Reach::new(networks.to_vec());
        for text in [
            "http://127.0.0.1:4000",
            "https://127.0.0.1",
            "https://10.1.2.3",
            "https://[::ffff:10.1.2.3]",
        ] {
            assert!(reach.check(text).is_ok(), "{text}");
        }
        for text in [
            "http://10.1.2.3",
            "https://10.2.0.1",
            "http://127.0.0.2",
            "http://localhost:4000",
            "https://[::1]",
        ] {
            assert!(reach.check(text).is_err(), "{text}");
        }
    }
}
