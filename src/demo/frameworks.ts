import type { Check } from "./checks.ts";

type Catalogue = keyof Pick<Check, "hipaa" | "soc2" | "pci" | "cis" | "nist">;

/** The control catalogue behind each framework a demo tenant answers to. */
export const CATALOGUES: Readonly<Record<string, Catalogue>> = {
  HIPAA: "hipaa",
  "SOC 2": "soc2",
  "PCI DSS 4.0": "pci",
  "CIS AWS 1.4": "cis",
  "FedRAMP Moderate": "nist",
  "NIST 800-53 r5": "nist",
};

/** `id title` a line. The ids are the frameworks' own; the titles say in few words what they are about. */
function titles(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").map((line) => line.trim());
  return new Map(
    lines
      .filter((line) => line !== "")
      .map((line) => {
        const space = line.indexOf(" ");
        return [line.slice(0, space), line.slice(space + 1)];
      }),
  );
}

export const CONTROL_TITLES: Readonly<Record<Catalogue, ReadonlyMap<string, string>>> = {
  hipaa: titles(`
    164.308(a)(1)(ii)(A) Risk analysis
    164.308(a)(1)(ii)(D) Information system activity review
    164.308(a)(2) Assigned security responsibility
    164.308(a)(3)(i) Workforce security
    164.308(a)(4)(ii)(B) Access authorization
    164.308(a)(5)(i) Security awareness and training
    164.308(a)(5)(ii)(B) Protection from malicious software
    164.308(a)(5)(ii)(C) Log-in monitoring
    164.308(a)(5)(ii)(D) Password management
    164.308(a)(6)(ii) Response and reporting
    164.308(a)(7)(ii)(A) Data backup plan
    164.308(a)(7)(ii)(B) Disaster recovery plan
    164.310(a)(1) Facility access controls
    164.310(d)(1) Device and media controls
    164.312(a)(1) Access control
    164.312(a)(2)(iv) Encryption and decryption
    164.312(b) Audit controls
    164.312(c)(1) Integrity
    164.312(d) Person or entity authentication
    164.312(e)(1) Transmission security
    164.312(e)(2)(ii) Encryption in transmission`),
  soc2: titles(`
    A1.2 Environmental protections, backup and recovery
    C1.1 Confidential information is identified and maintained
    CC1.1 Commitment to integrity and ethical values
    CC2.2 Internal communication of objectives
    CC3.1 Objectives are specified for risk assessment
    CC6.1 Logical access security
    CC6.2 Registration and authorization of users
    CC6.3 Access by role and least privilege
    CC6.6 Protection against threats from outside
    CC6.7 Protection of information in transmission
    CC7.1 Detection of vulnerabilities and changes
    CC7.2 Monitoring for anomalies
    CC7.3 Evaluation of security events
    CC7.4 Response to security incidents
    CC8.1 Change management
    CC9.2 Vendor and partner risk`),
  pci: titles(`
    1.2.5 Allowed services, protocols and ports
    1.3.1 Inbound traffic is restricted
    1.4.4 Stored account data is not reachable from untrusted networks
    2.2.2 Vendor default accounts
    2.2.6 Secure system parameters
    2.2.7 Encrypted administrative access
    3.2.1 Account data storage is kept to a minimum
    3.5.1 Stored account numbers are unreadable
    3.6.1 Protection of cryptographic keys
    4.2.1 Strong cryptography in transmission
    6.3.3 Security patches are installed
    6.5.1 Change control
    7.2.1 Access control model
    7.2.2 Least privilege
    7.2.4 Review of user accounts
    8.3.6 Password strength
    8.3.9 Password and key rotation
    8.4.2 Multi-factor authentication
    9.1.1 Physical access policies
    10.2.1 Audit logs
    10.3.2 Audit logs are protected
    11.3.1 Internal vulnerability scans
    11.5.1 Intrusion detection
    12.1.1 Information security policy
    12.6.1 Security awareness programme
    12.10.1 Incident response plan
    12.10.5 Alerts are responded to`),
  cis: titles(`
    1.1 Contact details are current
    1.2 Security contact is registered
    1.3 Security questions are registered
    1.4 No root access key
    1.5 MFA for the root user
    1.6 Hardware MFA for the root user
    1.8 Password length of 14 or more
    1.9 Password reuse is prevented
    1.10 MFA for all console users
    1.14 Access keys are rotated within 90 days
    1.16 No policies with full administrative privileges
    1.20 Access Analyzer is enabled in all regions
    2.1.2 Buckets deny plain HTTP
    2.1.5 Buckets block public access
    2.2.1 Volumes are encrypted by default
    2.3.1 Database instances are encrypted
    3.1 CloudTrail in all regions
    3.2 Log file validation
    3.5 AWS Config in all regions
    3.8 Rotation of customer keys
    3.9 VPC flow logging
    5.2 No administration ports open to the internet
    5.3 Default security group restricts all traffic`),
  nist: titles(`
    AC-2 Account management
    AC-3 Access enforcement
    AC-4 Information flow enforcement
    AC-6 Least privilege
    AC-17 Remote access
    AT-2 Literacy training and awareness
    AU-2 Event logging
    AU-9 Protection of audit information
    AU-12 Audit record generation
    CA-7 Continuous monitoring
    CM-2 Baseline configuration
    CM-8 System component inventory
    CP-9 System backup
    CP-10 System recovery and reconstitution
    IA-2 Identification and authentication
    IA-5 Authenticator management
    IR-8 Incident response plan
    PE-3 Physical access control
    PS-3 Personnel screening
    RA-5 Vulnerability monitoring and scanning
    SC-7 Boundary protection
    SC-8 Transmission confidentiality and integrity
    SC-12 Cryptographic key establishment and management
    SC-13 Cryptographic protection
    SC-28 Protection of information at rest
    SI-2 Flaw remediation
    SI-4 System monitoring
    SI-7 Software, firmware and information integrity`),
};
