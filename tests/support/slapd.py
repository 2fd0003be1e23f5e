"""A real slapd of its own: TLS by an authority made for it, overlays memberof and ppolicy, people and groups of a sample office."""

from __future__ import annotations

import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ldap3 import MODIFY_REPLACE, NONE, Connection
from ldap3 import Server as LdapServer

from tests.support.ports import free_port
from tests.support.servers import Server, program_of

BASE: Final = "dc=qnam,dc=example"
PEOPLE: Final = f"ou=people,{BASE}"
GROUPS: Final = f"ou=groups,{BASE}"
ROOT: Final = f"cn=root,{BASE}"
ROOT_PASSWORD: Final = "mật khẩu của quản trị"
SEARCHER: Final = f"cn=tim,{BASE}"
SEARCHER_PASSWORD: Final = "mật khẩu của tài khoản tìm"
PASSWORD: Final = "mật khẩu mẫu số 7"
CLERKS: Final = f"cn=mot-cua,{GROUPS}"
LEADERS: Final = f"cn=lanh-dao,{GROUPS}"

_SCHEMA: Final = ("core", "cosine", "inetorgperson", "nis")
_MODULES: Final = ("back_mdb", "memberof", "ppolicy")

_AD_SCHEMA: Final = """
attributetype ( 1.3.6.1.4.1.55555.1.1 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.2 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.3 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.4 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.5 NAME 'msDS-User-Account-Control-Computed' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.6 NAME 'accountExpires' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.7 NAME 'pwdLastSet' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.8 NAME 'objectSid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.55555.1.9 NAME 'primaryGroupID' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.55555.2.1 NAME 'user' SUP inetOrgPerson STRUCTURAL MAY ( objectGUID $ sAMAccountName $ userPrincipalName $ userAccountControl $ msDS-User-Account-Control-Computed $ accountExpires $ pwdLastSet $ objectSid $ primaryGroupID ) )
objectclass ( 1.3.6.1.4.1.55555.2.2 NAME 'group' SUP groupOfNames STRUCTURAL MAY objectSid )
"""


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Test authority {name}")])
        self._directory = directory
        self.certificate = self._signed(self._name, self._key.public_key(), ca=True)
        self.file = directory / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str) -> tuple[Path, Path]:
        """Return the files of a certificate for a host name and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._signed(name, key.public_key(), host=host)
        files = self._directory / f"{host}.crt", self._directory / f"{host}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return files

    def _signed(self, subject: x509.Name, key: Any, *, ca: bool = False, host: str = "") -> x509.Certificate:
        now = datetime.now(UTC)
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=2))
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if host:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return made.sign(self._key, hashes.SHA256())


class SlapdServer(Server):
    """One slapd on loopback ports."""

    name = "slapd"

    def __init__(self, ldif: str, *, active_directory: bool = False, tls: bool = True) -> None:
        super().__init__()
        self._ldif = ldif
        self.port, self.tls_port = free_port(), free_port()
        self.authority = Authority(self.directory)
        self._files = self.authority.issue("localhost")
        self._active_directory = active_directory
        self._tls = tls
        self.password_file = self.directory / "password"
        self.password_file.write_text(f"{SEARCHER_PASSWORD}\n", encoding="utf-8")

    @property
    def url(self) -> str:
        """Return the address without TLS from the start."""
        return f"ldap://localhost:{self.port}"

    @property
    def ldaps(self) -> str:
        """Return the address with TLS."""
        return f"ldaps://localhost:{self.tls_port}"

    def start(self) -> Self:
        """Write the entries on the first start, operational attributes included; then run."""
        if not (self.directory / "data").exists():
            program = program_of("slapadd", "/usr/sbin/slapadd")
            (self.directory / "data").mkdir()
            self._configuration()
            command = [program, "-q", "-f", str(self.directory / "slapd.conf")]
            done = subprocess.run(command, input=self._ldif.encode(), capture_output=True, check=False)
            assert done.returncode == 0, done.stderr.decode()
        return super().start()

    def root(self) -> Connection:
        """Return a connection that may change everything, to be used as a context."""
        return Connection(LdapServer("127.0.0.1", self.port, get_info=NONE), ROOT, ROOT_PASSWORD)

    def change(self, dn: str, **values: object) -> None:
        """Replace attributes of an entry; [] takes one away."""
        with self.root() as connection:
            changes = {
                name: [(MODIFY_REPLACE, value if isinstance(value, list) else [value])]
                for name, value in values.items()
            }
            assert connection.modify(dn, changes), connection.result

    def group(self, dn: str, *members: str, kind: str = "groupOfNames") -> None:
        """Add a group through the protocol, so that the memberof overlay sees it."""
        with self.root() as connection:
            assert connection.add(dn, ["top", kind], {"member": list(members)}), connection.result

    def limit(self, limits: str) -> None:
        """Start again with limits for the account that searches."""
        self.stop()
        path = self.directory / "slapd.conf"
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace("overlay memberof", f'limits dn.exact="{SEARCHER}" {limits}\noverlay memberof', 1),
            encoding="utf-8",
        )
        self.start()

    def remove(self, dn: str) -> None:
        """Delete an entry."""
        with self.root() as connection:
            assert connection.delete(dn), connection.result

    def _configuration(self) -> None:
        schema = [f"include /etc/ldap/schema/{name}.schema" for name in _SCHEMA]
        modules = ["modulepath /usr/lib/ldap", *(f"moduleload {name}" for name in _MODULES)]
        tls = [
            f"TLSCACertificateFile {self.authority.file}",
            f"TLSCertificateFile {self._files[0]}",
            f"TLSCertificateKeyFile {self._files[1]}",
        ]
        lines = [
            *schema, *modules,
            *([_AD_SCHEMA] if self._active_directory else []),
            f"pidfile {self.directory}/pid", f"argsfile {self.directory}/args", "sizelimit 5000",
            *(tls if self._tls else []),
            "database mdb", f"suffix {BASE}", f"directory {self.directory}/data", "maxsize 33554432", "dbnosync",
            f"rootdn {ROOT}", f'rootpw "{ROOT_PASSWORD}"',
            "index objectClass,uid,entryUUID,member eq",
            "access to attrs=userPassword by anonymous auth by * none",
            f'access to * by dn.exact="{SEARCHER}" read by * none',
            "overlay memberof", "memberof-refint TRUE",
            *(["memberof-group-oc group"] if self._active_directory else []),
            "overlay ppolicy", f"ppolicy_default cn=default,{BASE}", "ppolicy_use_lockout",
        ]  # fmt: skip
        (self.directory / "slapd.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _spawn(self, log: int) -> subprocess.Popen[bytes]:
        addresses = f"ldap://127.0.0.1:{self.port}"
        if self._tls:
            addresses += f" ldaps://127.0.0.1:{self.tls_port}"
        command = [
            program_of("slapd", "/usr/sbin/slapd"),
            "-d",
            "0",
            "-h",
            addresses,
            "-f",
            str(self.directory / "slapd.conf"),
        ]
        return subprocess.Popen(command, stdout=log, stderr=log)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.tls_port if self._tls else self.port), 1).close()
        except OSError:
            return False
        return True


def tree(*people: str) -> str:
    """Return the LDIF of the office with these people."""
    head = f"""dn: {BASE}
objectClass: dcObject
objectClass: organization
dc: qnam
o: Quảng Nam mẫu

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups

dn: {SEARCHER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: tim
userPassword: {SEARCHER_PASSWORD}

dn: cn=default,{BASE}
objectClass: device
objectClass: pwdPolicy
cn: default
pwdAttribute: userPassword
pwdLockout: TRUE
pwdMaxFailure: 20
pwdMustChange: TRUE

dn: cn=old,{BASE}
objectClass: device
objectClass: pwdPolicy
cn: old
pwdAttribute: userPassword
pwdMaxAge: 86400
"""
    return "\n".join((head, *people))


def person(uid: str, *more: str, under: str = PEOPLE, name: str = "Cán bộ mẫu", password: str = PASSWORD) -> str:
    """Return the LDIF of one official; ``more`` are further lines."""
    lines = (
        f"dn: uid={uid},{under}", "objectClass: inetOrgPerson", "objectClass: shadowAccount", f"uid: {uid}",
        f"cn: {name} {uid}", "sn: Cán", f"mail: {uid}@qnam.example", "telephoneNumber: 0905 123 456",
        f"userPassword: {password}", *more,
    )  # fmt: skip
    return "\n".join(lines) + "\n"


OFFICE: Final = tree(
    person("an", "departmentNumber: 20194"),
    person("binh"),
    person("chi", "pwdAccountLockedTime: 000001010000Z"),
    person("dung", "shadowExpire: 1"),
    person("em", "pwdReset: TRUE"),
    person("giang", f"pwdPolicySubentry: cn=old,{BASE}", "pwdChangedTime: 20200101000000Z"),
    person("doi"),
    f"dn: ou=khac,{PEOPLE}\nobjectClass: organizationalUnit\nou: khac\n",
    person("doi", under=f"ou=khac,{PEOPLE}"),
    f"dn: ou=xa,{BASE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: xa\nref: ldap://192.0.2.1/ou=xa\n",
)
"""An official at rest, one in nested groups, and one in each state that keeps out; two entries for one name; a branch that lies elsewhere."""


def fill_groups(server: SlapdServer) -> None:
    """Make the groups: one clerk directly, one through two groups that also hold each other in a ring."""
    server.group(f"cn=to-1,{GROUPS}", f"uid=binh,{PEOPLE}")
    server.group(f"cn=to-2,{GROUPS}", f"cn=to-1,{GROUPS}")
    server.change(f"cn=to-1,{GROUPS}", member=[f"uid=binh,{PEOPLE}", f"cn=to-2,{GROUPS}"])
    server.group(CLERKS, f"uid=an,{PEOPLE}", f"cn=to-2,{GROUPS}")
    server.group(LEADERS, f"uid=chi,{PEOPLE}")
